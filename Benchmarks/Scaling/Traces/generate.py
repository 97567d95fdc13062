#!/usr/bin/env python3
"""Writes the small trace that stands here: python3 generate.py > evening.csv

It was made, not recorded: a quarter of an hour of calls that come in clusters (one visit makes several), with a slow
swell, a rush in the middle and durations of a log-normal distribution. The seed is fixed.
"""

import math
import random

random.seed(20161105)
calls = []
time = 0.0
while time < 900:
    rush = 2.5 if 480 <= time < 570 else 1.0
    visits = rush * (1.2 + 0.8 * math.sin(time / 900 * 2 * math.pi))
    time += random.expovariate(visits)
    at = time
    for _ in range(random.randint(1, 6)):
        calls.append((at, random.lognormvariate(0.6, 0.9)))
        at += random.expovariate(1.0)
print("arrival,duration")
for at, duration in sorted(calls):
    if at < 900:
        print(f"{at:.2f},{duration:.2f}")
