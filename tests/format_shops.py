"""One small shop with a planted taste for brands, written in the forms that vendors and public data sets have."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from affinity_search.events import Event
from affinity_search.items.item import Item
from tests.shop_data import catalogue, purchases

START = datetime(2023, 1, 1, 9, 30, tzinfo=UTC)
ITEMS = catalogue()
EVENTS = purchases(ITEMS, taste=8.0)
SHOPPER = "u0"


@dataclass(frozen=True)
class Written:
    """The files, and the attribute that holds the brand, written as in `brand`."""

    items: Path
    events: Path
    attribute: str
    brand: Callable[[str], str] = str
    user: str = SHOPPER


def loved(user: str = SHOPPER) -> set[str]:
    """The two brands that the shopper bought most of."""
    brands = {item.id: item.attrs["brand"][0] for item in ITEMS}
    return {name for name, _ in Counter(brands[e.item] for e in EVENTS if e.user == user).most_common(2)}


def moment(event: Event) -> datetime:
    # Events of one shopper and day stand apart by the minute, as they do in every log.
    return START + timedelta(days=event.day, minutes=number(event.item))


def number(identity: str) -> int:
    return int(identity[1:])


def attr(item: Item, name: str) -> str:
    return item.attrs[name][0]


def price(item: Item) -> str:
    return f"{10 + number(item.id) % 90}.50"


def lines(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


def table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> Path:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def iso(event: Event) -> str:
    return moment(event).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def micros(event: Event) -> int:
    return int(moment(event).timestamp()) * 1_000_000


def flat_items(folder: Path) -> Path:
    header = ("id", "title", "brand", "category", "colour", "price")
    return table(
        folder / "items.csv",
        header,
        ((i.id, i.title, attr(i, "brand"), attr(i, "category"), attr(i, "junk"), price(i)) for i in ITEMS),
    )


def flat_events(folder: Path) -> Path:
    return table(
        folder / "events.csv", ("user", "ts", "type", "item"), ((e.user, iso(e), "purchase", e.item) for e in EVENTS)
    )


def document(item: Item) -> dict[str, Any]:
    return {
        "title": item.title,
        "brand": {"id": number(item.id) % 8, "name": attr(item, "brand")},
        "category": attr(item, "category"),
        "price": float(price(item)),
        "image": f"https://shop.example/{item.id}.jpg",
    }


def opensearch(folder: Path) -> Written:
    """Bulk files: an action line before each document."""

    def bulk(index: str, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[Mapping[str, Any]]:
        for identity, found in documents:
            yield {"index": {"_index": index, "_id": identity}}
            yield found

    items = lines(folder / "items.ndjson", bulk("products", ((i.id, document(i)) for i in ITEMS)))
    done = (
        {"customer_id": e.user, "@timestamp": iso(e), "event_type": "purchase", "product_id": e.item} for e in EVENTS
    )
    events = lines(folder / "events.ndjson", bulk("log", ((f"e{n}", found) for n, found in enumerate(done))))
    return Written(items, events, "brand")


def elasticdump(folder: Path) -> Written:
    items = lines(
        folder / "items.json",
        ({"_index": "products", "_id": i.id, "_score": 1, "_source": document(i)} for i in ITEMS),
    )
    return Written(items, flat_events(folder), "brand")


def ubi(folder: Path) -> Written:
    """Queries and events in one bulk file; half of the shoppers are known as users, half as clients."""

    def records() -> Iterable[Mapping[str, Any]]:
        for n, e in enumerate(EVENTS):
            who = {"client_id": e.user} if number(e.user) % 2 else {"user_id": e.user, "client_id": f"browser-{n}"}
            yield {"index": {"_index": "ubi_queries", "_id": f"q{n}"}}
            yield {"query_id": f"q{n}", "user_query": "shoe", "timestamp": iso(e), **who}
            for action in ("impression", "click", "purchase"):
                yield {"index": {"_index": "ubi_events", "_id": f"{action}{n}"}}
                yield {
                    "application": "shop",
                    "action_name": action,
                    "query_id": f"q{n}",
                    "timestamp": iso(e),
                    "message_type": "CONVERSION",
                    "event_attributes": {
                        "object": {"object_id": e.item, "object_id_field": "product_id"},
                        "position": {"ordinal": 3},
                    },
                    **who,
                }

    return Written(flat_items(folder), lines(folder / "ubi.ndjson", records()), "brand")


def ga4(folder: Path) -> Written:
    """A purchase is preceded by a list, a view and a checkout; shoppers have no user_id."""

    def records() -> Iterable[Mapping[str, Any]]:
        for n, e in enumerate(EVENTS):
            for step, name in enumerate(("view_item_list", "view_item", "begin_checkout", "purchase")):
                yield {
                    "event_date": moment(e).strftime("%Y%m%d"),
                    "event_timestamp": str(micros(e) + step * 1_000_000),
                    "event_name": name,
                    "event_params": [{"key": "ga_session_id", "value": {"int_value": str(n)}}],
                    "user_id": None,
                    "user_pseudo_id": e.user,
                    "privacy_info": {"analytics_storage": "Yes"},
                    "ecommerce": {"transaction_id": f"T{n}" if name == "purchase" else "(not set)"},
                    "items": [{"item_id": e.item, "item_name": "x", "price": 9.5, "quantity": "1"}],
                }

    return Written(flat_items(folder), lines(folder / "ga4.json", records()), "brand")


def segment(folder: Path) -> Written:
    def records() -> Iterable[Mapping[str, Any]]:
        for n, e in enumerate(EVENTS):
            common = {"type": "track", "anonymousId": f"a-{e.user}", "userId": e.user, "originalTimestamp": iso(e)}
            viewed = {"product_id": e.item, "sku": f"S{e.item}"}
            yield {"messageId": f"v{n}", "event": "Product Viewed", "properties": viewed, **common}
            products = [{"product_id": e.item, "quantity": 1, "price": 9.5}]
            ordered = {"order_id": f"o{n}", "total": 9.5, "products": products}
            yield {"messageId": f"m{n}", "event": "Order Completed", "properties": ordered, **common}

    return Written(flat_items(folder), lines(folder / "track.jsonl", records()), "brand")


def algolia(folder: Path) -> Written:
    records = [
        {
            "objectID": i.id,
            "name": i.title,
            "brand": attr(i, "brand"),
            "hierarchicalCategories": {"lvl0": "All", "lvl1": f"All > {attr(i, 'category')}"},
            "price": float(price(i)),
            "image": f"https://shop.example/{i.id}.jpg",
        }
        for i in ITEMS
    ]
    (folder / "records.json").write_text(json.dumps(records), encoding="utf-8")
    sent = (
        {
            "eventType": "conversion",
            "eventSubtype": "purchase",
            "eventName": "Bought",
            "index": "products",
            "userToken": e.user,
            "timestamp": micros(e) // 1000,
            "objectIDs": [e.item],
        }
        for e in EVENTS
    )
    return Written(folder / "records.json", lines(folder / "insights.jsonl", sent), "brand")


def retailrocket(folder: Path) -> Written:
    milliseconds = int(START.timestamp()) * 1000
    rows: list[tuple[object, ...]] = []
    for i in ITEMS:
        rows += [
            (milliseconds, number(i.id), "categoryid", 1000 + number(i.id) % 3),
            (milliseconds, number(i.id), "888", f"n{attr(i, 'brand')[-1]}.000"),
        ]
    items = table(folder / "item_properties.csv", ("timestamp", "itemid", "property", "value"), rows)
    done: list[tuple[object, ...]] = []
    for n, e in enumerate(EVENTS):
        at = micros(e) // 1000
        done.append((at, number(e.user), "view", number(e.item), ""))
        done.append((at + 60_000, number(e.user), "transaction", number(e.item), n))
    header = ("timestamp", "visitorid", "event", "itemid", "transactionid")
    events = table(folder / "events.csv", header, done)
    return Written(items, events, "attr_888", lambda brand: f"n{brand[-1]}.000", "0")


def rees46(folder: Path) -> Written:
    items = {i.id: i for i in ITEMS}
    header = (
        "event_time",
        "event_type",
        "product_id",
        "category_id",
        "category_code",
        "brand",
        "price",
        "user_id",
        "user_session",
    )

    def rows() -> Iterable[Sequence[object]]:
        for n, e in enumerate(EVENTS):
            found = items[e.item]
            for kind in ("view", "purchase"):
                at = moment(e).strftime("%Y-%m-%d %H:%M:%S UTC")
                code = f"apparel.{attr(found, 'category')}"
                brand = attr(found, "brand")
                yield at, kind, 1000 + number(e.item), 205, code, brand, price(found), e.user, f"s{n}"

    file = table(folder / "2019-Oct.csv", header, rows())
    return Written(file, file, "brand")


def snowplow(folder: Path) -> Written:
    vendor = "com_snowplowanalytics_snowplow_ecommerce"
    records = (
        {
            "app_id": "shop",
            "event_id": f"ev{n}",
            "event": "unstruct",
            "collector_tstamp": iso(e),
            "derived_tstamp": iso(e),
            "user_id": None,
            "domain_userid": e.user,
            f"unstruct_event_{vendor}_snowplow_ecommerce_action_1": {"type": "transaction"},
            f"contexts_{vendor}_product_1": [{"id": e.item, "name": "x", "category": "y", "price": 9.5}],
        }
        for n, e in enumerate(EVENTS)
    )
    return Written(flat_items(folder), lines(folder / "enriched.jsonl", records), "brand")


def shopify(folder: Path) -> Written:
    """Two variants a product, the second row with nothing of the product's own; orders name the variant's SKU."""
    header = (
        "Handle",
        "Title",
        "Body (HTML)",
        "Vendor",
        "Type",
        "Tags",
        "Published",
        "Option1 Name",
        "Option1 Value",
        "Variant SKU",
        "Variant Price",
        "Image Src",
    )
    rows: list[tuple[object, ...]] = []
    for i in ITEMS:
        handle = f"{i.title.replace(' ', '-')}"
        own = (i.title, "<p>Very <b>nice</b></p>", attr(i, "brand"), attr(i, "category"), "new, sale", "true")
        rows.append((handle, *own, "Size", "S", f"SKU-{i.id}-S", price(i), "https://cdn.example/1.jpg"))
        rows.append((handle, *[""] * 6, "", "L", f"SKU-{i.id}-L", price(i), ""))
    items = table(folder / "products_export.csv", header, rows)
    orders = (
        (f"#{1000 + n}", e.user, moment(e).strftime("%Y-%m-%d %H:%M:%S +0100"), 1, "x - S", "9.50", f"SKU-{e.item}-S")
        for n, e in enumerate(EVENTS)
    )
    names = ("Name", "Email", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku")
    return Written(items, table(folder / "orders_export.csv", names, orders), "vendor")


def woocommerce(folder: Path) -> Written:
    header = (
        "ID",
        "Type",
        "SKU",
        "Name",
        "Published",
        "Short description",
        "Description",
        "Regular price",
        "Categories",
        "Tags",
        "Images",
        "Attribute 1 name",
        "Attribute 1 value(s)",
    )
    items = table(
        folder / "wc-products.csv",
        header,
        (
            (
                number(i.id) + 500,
                "simple",
                f"W-{i.id}",
                i.title,
                1,
                "",
                "<p>Nice</p>",
                price(i),
                f"Shop > {attr(i, 'category')}, Shop",
                "new, sale",
                "https://x.example/a.jpg",
                "Brand",
                attr(i, "brand"),
            )
            for i in ITEMS
        ),
    )
    orders = [
        {
            "id": n,
            "number": str(n),
            "status": "completed",
            "date_created_gmt": moment(e).strftime("%Y-%m-%dT%H:%M:%S"),
            "date_created": moment(e).strftime("%Y-%m-%dT%H:%M:%S"),
            "customer_id": 0,
            "billing": {"email": f"{e.user}@example.org"},
            "line_items": [{"product_id": number(e.item) + 500, "sku": f"W-{e.item}", "quantity": 1, "price": 9.5}],
        }
        for n, e in enumerate(EVENTS)
    ]
    (folder / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
    return Written(items, folder / "orders.json", "brand", user=f"{SHOPPER}@example.org")


def magento(folder: Path) -> Written:
    header = (
        "sku",
        "store_view_code",
        "attribute_set_code",
        "product_type",
        "categories",
        "name",
        "description",
        "price",
        "additional_attributes",
    )
    items = table(
        folder / "catalog_product.csv",
        header,
        (
            (
                f"M-{i.id}",
                "",
                "Default",
                "simple",
                f"Default Category/{attr(i, 'category')}",
                i.title,
                "<p>Nice</p>",
                price(i),
                f"manufacturer={attr(i, 'brand')},material=Leather|Cotton",
            )
            for i in ITEMS
        ),
    )
    orders = (
        {
            "increment_id": f"{n:09d}",
            "created_at": moment(e).strftime("%Y-%m-%d %H:%M:%S"),
            "customer_id": None,
            "customer_email": f"{e.user}@example.org",
            "items": [{"sku": f"M-{e.item}", "product_id": number(e.item), "qty_ordered": 1, "price": 9.5}],
        }
        for n, e in enumerate(EVENTS)
    )
    return Written(items, lines(folder / "orders.jsonl", orders), "manufacturer", user=f"{SHOPPER}@example.org")


def google_merchant(folder: Path) -> Written:
    header = (
        "id",
        "title",
        "description",
        "link",
        "image_link",
        "availability",
        "price",
        "brand",
        "google_product_category",
        "color",
    )
    items = table(
        folder / "feed.tsv",
        header,
        (
            (
                i.id,
                i.title,
                "nice",
                f"https://x.example/{i.id}",
                f"https://x.example/{i.id}.jpg",
                "in_stock",
                f"{price(i)} USD",
                attr(i, "brand"),
                f"Apparel > {attr(i, 'category')}",
                "Red/White",
            )
            for i in ITEMS
        ),
        delimiter="\t",
    )
    return Written(items, ga4(folder).events, "brand")


def metarank(folder: Path) -> Written:
    """Items, rankings and interactions in one file."""

    def records() -> Iterable[Mapping[str, Any]]:
        for i in ITEMS:
            pairs = {"title": i.title, "brand": attr(i, "brand"), "tags": ["new", "sale"], "price": float(price(i))}
            yield {
                "event": "item",
                "id": f"m{i.id}",
                "timestamp": "1600000000000",
                "item": i.id,
                "fields": [{"name": name, "value": value} for name, value in pairs.items()],
            }
        for n, e in enumerate(EVENTS):
            who = {"user": e.user, "session": f"s{n}", "timestamp": str(micros(e) // 1000)}
            yield {"event": "ranking", "id": f"r{n}", "items": [{"id": e.item}], **who}
            yield {"event": "interaction", "id": f"c{n}", "ranking": f"r{n}", "item": e.item, "type": "purchase", **who}

    file = lines(folder / "metarank.jsonl", records())
    return Written(file, file, "brand")


def bestbuy(folder: Path) -> Written:
    records = [
        {
            "sku": 100_000 + number(i.id),
            "name": i.title,
            "type": "HardGood",
            "manufacturer": attr(i, "brand"),
            "salePrice": float(price(i)),
            "shortDescription": "nice",
            "categoryPath": [{"id": "cat0", "name": "All"}, {"id": "cat1", "name": attr(i, "category")}],
            "details": [{"name": "Colour", "value": attr(i, "junk")}],
            "image": f"https://x.example/{i.id}.jpg",
        }
        for i in ITEMS
    ]
    (folder / "products.json").write_text(json.dumps(records), encoding="utf-8")
    rows = ((e.user, 100_000 + number(e.item), "purchase", moment(e).strftime("%Y-%m-%d %H:%M:%S")) for e in EVENTS)
    events = table(folder / "train.csv", ("user", "sku", "event_type", "click_time"), rows)
    return Written(folder / "products.json", events, "manufacturer")


def movielens(folder: Path) -> Written:
    items = table(
        folder / "movies.csv",
        ("movieId", "title", "genres"),
        ((number(i.id) + 1, f"{i.title} (1999)", f"{attr(i, 'brand')}|{attr(i, 'category')}") for i in ITEMS),
    )
    rows = ((number(e.user) + 1, number(e.item) + 1, "4.5", micros(e) // 1_000_000) for e in EVENTS)
    return Written(
        items, table(folder / "ratings.csv", ("userId", "movieId", "rating", "timestamp"), rows), "genres", user="1"
    )


def instacart(folder: Path) -> Written:
    items = table(
        folder / "products.csv",
        ("product_id", "product_name", "aisle_id", "department_id"),
        (
            (number(i.id) + 1, i.title, int(attr(i, "brand")[-1]) + 1, len(attr(i, "category")) + n % 2)
            for n, i in enumerate(ITEMS)
        ),
    )
    orders: list[tuple[object, ...]] = []
    parts: list[tuple[object, ...]] = []
    counts: Counter[str] = Counter()
    for n, e in enumerate(EVENTS):
        counts[e.user] += 1
        orders.append((n + 1, number(e.user) + 1, "prior", counts[e.user], 2, "08", ""))
        parts.append((n + 1, number(e.item) + 1, 1, 0))
    header = (
        "order_id",
        "user_id",
        "eval_set",
        "order_number",
        "order_dow",
        "order_hour_of_day",
        "days_since_prior_order",
    )
    table(folder / "orders.csv", header, orders)
    events = table(
        folder / "order_products__prior.csv", ("order_id", "product_id", "add_to_cart_order", "reordered"), parts
    )
    return Written(items, events, "aisle", lambda brand: str(int(brand[-1]) + 1), "1")


FORMS: Mapping[str, Callable[[Path], Written]] = {
    form.__name__: form
    for form in (
        ubi,
        ga4,
        segment,
        algolia,
        retailrocket,
        rees46,
        snowplow,
        shopify,
        woocommerce,
        magento,
        google_merchant,
        metarank,
        opensearch,
        elasticdump,
        bestbuy,
        movielens,
        instacart,
    )
}
