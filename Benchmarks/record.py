"""Puts the output of a run into Benchmarks/README.md, between its two marks."""
import os, sys

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md")
with open(path) as page:
    text = page.read()
with open(sys.argv[1]) as results:
    run = results.read().strip()
begin, end = "<!-- the last run -->\n", "<!-- its end -->\n"
before, rest = text.split(begin)
_, after = rest.split(end)
with open(path, "w") as page:
    page.write(f"{before}{begin}\n{run}\n\n{end}{after}")
