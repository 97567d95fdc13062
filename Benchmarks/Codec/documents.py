"""Writes the three documents that codecs are timed with: a list of arguments each, the same on every machine."""

import json
import pathlib
import random
import sys


def record(rng, number):
    words = "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima".split()
    return {
        "id": number,
        "name": " ".join(rng.choice(words) for _ in range(3)),
        "email": f"{rng.choice(words)}.{number}@example.com",
        "active": rng.random() < 0.5,
        "score": round(rng.random() * 1000, 3),
        "manager": None,
        "tags": [rng.choice(words) for _ in range(6)],
        "address": {
            "street": f"{rng.randrange(1, 200)} {rng.choice(words)} street",
            "city": rng.choice(["Zürich", "London", "Oslo", "Lima"]),
            "location": [round(rng.uniform(-180, 180), 6), round(rng.uniform(-90, 90), 6)],
        },
        "history": [
            {"at": 1700000000 + rng.randrange(10_000_000), "kind": rng.choice(words), "amount": rng.randrange(10_000) / 100}
            for _ in range(5)
        ],
    }


def main(folder):
    rng = random.Random(20_16)
    documents = {
        "small": ["world"],
        "medium": [record(rng, 1)],
        "large": [[record(rng, number) for number in range(1_450)]],
    }
    for name, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        pathlib.Path(folder, f"{name}.json").write_text(text, encoding="utf-8")


main(sys.argv[1])
