"""JSON: building, writing and reading documents, with the accelerator and without it."""
import json
import json.decoder

document = [{"id": i, "name": f"name {i}", "tags": ["a", "b", str(i)], "ratio": i / 7, "none": None, "ok": i % 2 == 0} for i in range(8_000)]
total = 0
for _ in range(40):
    text = json.dumps(document)
    total += len(json.loads(text)) + len(text)
text = json.dumps(document[:1500], indent=2, sort_keys=True)
decoder = json.decoder.JSONDecoder()
decoder.scan_once = json.scanner.py_make_scanner(decoder)
for _ in range(14):
    total += len(decoder.decode(text))
print(total)
