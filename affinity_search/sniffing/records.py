"""PROVISIONAL"""
from __future__ import annotations
import csv, gzip, io, json
def first_records(path, limit=2000):
    data=path.read_bytes()
    if data[:2]==b'\x1f\x8b': data=gzip.decompress(data)
    t = data.decode('utf-16') if data[:2] in (b'\xff\xfe',b'\xfe\xff') else data.decode()
    if t.lstrip()[0]=='[': return json.loads(t)[:limit]
    if t.lstrip()[0]=='{':
        r=[json.loads(l) for l in t.splitlines() if l.strip()]
        if 'index' in r[0]:
            r=[{**d, **{k:v for k,v in a['index'].items()}} for a,d in zip(r[::2],r[1::2])]
        elif '_source' in r[0]:
            r=[{**d['_source'],'_id':d['_id'],'_index':d['_index']} for d in r]
        return r[:limit]
    h=t.splitlines()[0]; d='\t' if '\t' in h else ';' if ';' in h else ','
    return list(csv.DictReader(io.StringIO(t),delimiter=d,skipinitialspace=True))[:limit]
