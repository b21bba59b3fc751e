import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.opensearch.Version;
import org.opensearch.action.admin.cluster.health.ClusterHealthRequestBuilder;
import org.opensearch.action.admin.cluster.health.ClusterHealthResponse;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.network.NetworkService;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.transport.TransportAddress;
import org.opensearch.discovery.SeedHostsProvider;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.DiscoveryPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.PluginInfo;
import org.opensearch.transport.TransportService;

/**
 * Runs one or more OpenSearch nodes in this JVM, on the loopback address only, until the JVM is told to end.
 *
 * <p>Arguments: HOME (its config/ holds log4j2.properties), then one HTTP port specification per node ("9200", or
 * alternatives in the order to try them: "9200-9299,0"). Writes one line "AFFINITY-ENGINE-READY VERSION URL..."
 * when every node has joined and the stored shards are back, or "AFFINITY-ENGINE-FAILED ..." and exits with 1.
 */
public final class AffinityNode {
    private static final TimeValue JOIN_WAIT = TimeValue.timeValueSeconds(60);
    private static final TimeValue SHARDS_WAIT = TimeValue.timeValueSeconds(20);

    // The modules of the OpenSearch distribution that this class path carries, by class name because some are
    // package-private.
    private static final List<String> MODULES = List.of(
            "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
            "org.opensearch.geo.GeoModulePlugin",
            "org.opensearch.index.mapper.MapperExtrasModulePlugin",
            "org.opensearch.index.rankeval.RankEvalModulePlugin",
            "org.opensearch.index.reindex.ReindexModulePlugin",
            "org.opensearch.ingest.common.IngestCommonModulePlugin",
            "org.opensearch.join.ParentJoinModulePlugin",
            "org.opensearch.painless.PainlessModulePlugin",
            "org.opensearch.percolator.PercolatorModulePlugin",
            "org.opensearch.script.expression.ExpressionModulePlugin",
            "org.opensearch.script.mustache.MustacheModulePlugin",
            "org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin",
            "org.opensearch.search.pipeline.common.SearchPipelineCommonModulePlugin",
            "org.opensearch.transport.Netty4ModulePlugin");

    private AffinityNode() {}

    /** Starts the nodes and waits for ever; SIGTERM closes them cleanly. */
    public static void main(String[] arguments) {
        try {
            List<Node> nodes = build(Path.of(arguments[0]), List.of(arguments).subList(1, arguments.length));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(nodes), "affinity-stop"));
            start(nodes);
            System.out.println("AFFINITY-ENGINE-READY " + Version.CURRENT + " "
                    + nodes.stream().map(AffinityNode::url).collect(Collectors.joining(" ")));
            new CountDownLatch(1).await(); // every thread of a node is a daemon
        } catch (Throwable failure) {
            failure.printStackTrace(System.out);
            System.out.println("AFFINITY-ENGINE-FAILED " + told(failure));
            System.out.flush();
            Runtime.getRuntime().halt(1);
        }
    }

    private static List<Node> build(Path home, List<String> ports) throws Exception {
        List<Class<? extends Plugin>> plugins = new ArrayList<>(List.of(Neighbours.class));
        for (String module : MODULES) {
            plugins.add(Class.forName(module).asSubclass(Plugin.class));
        }
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < ports.size(); i++) {
            Environment environment = environment(home, "node-" + (i + 1), ports.get(i), ports.size());
            if (i == 0) {
                LogConfigurator.registerErrorListener();
                LogConfigurator.configure(environment);
            }
            nodes.add(new ClassPathNode(environment, plugins));
        }
        return nodes;
    }

    private static Environment environment(Path home, String name, String port, int nodes) throws IOException {
        Settings.Builder settings = Settings.builder()
                .put("path.home", home.toString())
                .put("path.data", Files.createDirectories(home.resolve("data").resolve(name)).toString())
                .put("path.logs", Files.createDirectories(home.resolve("logs")).toString())
                .put("cluster.name", "affinity-engine")
                .put("node.name", name)
                .putList("node.roles", "cluster_manager", "data", "ingest")
                .put("network.host", "127.0.0.1")
                .put("http.port", port)
                .put("transport.port", "0")
                .put("cluster.routing.allocation.disk.threshold_enabled", false);
        if (nodes == 1) {
            settings.put("discovery.type", "single-node");
        } else {
            settings.putList("discovery.seed_providers", Neighbours.NAME)
                    .put("discovery.find_peers_interval", "100ms")
                    .putList("cluster.initial_cluster_manager_nodes", "node-1");
        }
        return InternalSettingsPreparer.prepareEnvironment(
                settings.build(), Map.of(), home.resolve("config"), () -> name);
    }

    /** All at once: after a restart no node can be elected before a majority is up. */
    private static void start(List<Node> nodes) throws Throwable {
        try (ExecutorService threads = Executors.newFixedThreadPool(nodes.size())) {
            List<Future<Node>> starting = nodes.stream().map(node -> threads.submit(node::start)).toList();
            for (Future<Node> one : starting) {
                one.get();
            }
        } catch (ExecutionException wrapped) {
            throw wrapped.getCause();
        }
        ClusterHealthResponse joined = health(nodes, JOIN_WAIT).setWaitForNodes(String.valueOf(nodes.size())).get();
        if (joined.getNumberOfNodes() != nodes.size()) {
            throw new IllegalStateException(
                    joined.getNumberOfNodes() + " of " + nodes.size() + " nodes joined within " + JOIN_WAIT);
        }
        health(nodes, SHARDS_WAIT).setWaitForYellowStatus().get(); // a shard lost for good must not prevent the start
    }

    private static ClusterHealthRequestBuilder health(List<Node> nodes, TimeValue wait) {
        return nodes.get(0).client().admin().cluster().prepareHealth().setTimeout(wait);
    }

    private static void close(List<Node> nodes) {
        for (Node node : nodes) {
            try {
                node.close();
                node.awaitClose(10, TimeUnit.SECONDS);
            } catch (IOException | InterruptedException failure) {
                failure.printStackTrace(System.out);
            }
        }
    }

    private static String url(Node node) {
        TransportAddress address =
                node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress();
        return "http://" + address.getAddress() + ":" + address.getPort();
    }

    private static String told(Throwable failure) {
        return failure.getCause() == null ? failure.toString() : failure + ", because " + told(failure.getCause());
    }

    /** A node whose modules stand on the class path, not in a modules folder. */
    private static final class ClassPathNode extends Node {
        ClassPathNode(Environment environment, List<Class<? extends Plugin>> plugins) {
            super(environment, plugins.stream().map(ClassPathNode::info).toList(), true);
        }

        private static PluginInfo info(Class<? extends Plugin> plugin) {
            return new PluginInfo(plugin.getName(), "class-path module", "NA", Version.CURRENT,
                    String.valueOf(Runtime.version().feature()), plugin.getName(), List.of(), false);
        }
    }

    /** Lets the nodes of this JVM find each other at the ports they really got, which nobody knows beforehand. */
    public static final class Neighbours extends Plugin implements DiscoveryPlugin {
        static final String NAME = "neighbours";
        private static final List<TransportService> SERVICES = new CopyOnWriteArrayList<>();

        @Override
        public Map<String, Supplier<SeedHostsProvider>> getSeedHostProviders(
                TransportService transport, NetworkService network) {
            SERVICES.add(transport);
            return Map.of(NAME, () -> hosts -> SERVICES.stream()
                    .map(TransportService::boundAddress)
                    .filter(bound -> bound != null)
                    .map(bound -> bound.publishAddress())
                    .toList());
        }
    }
}
