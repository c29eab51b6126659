#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Tests/AttributionTests/Fixtures/transport.json: point sets and their distances by POT (pip install pot)."""
import json
import pathlib

import numpy
import ot

OUT = pathlib.Path(__file__).resolve().parent.parent / "Tests/AttributionTests/Fixtures/transport.json"


def main():
    random = numpy.random.default_rng(20)
    cases = []
    for left, right, dimension in ((1, 1, 1), (5, 5, 2), (7, 4, 3), (12, 18, 1), (40, 40, 8), (33, 50, 64), (64, 1, 4)):
        a = random.normal(size=(left, dimension)).astype(numpy.float32)
        b = (random.normal(size=(right, dimension)) * 1.5 + 0.3).astype(numpy.float32)
        if left == right == 40:
            b[:20] = a[20:]  # ties and points without a way to go
        costs = ot.dist(a.astype(float), b.astype(float))
        exact = ot.emd2([], [], costs) ** 0.5
        sliced = ot.sliced_wasserstein_distance(a.astype(float), b.astype(float), n_projections=20000, seed=1)
        cases.append({"dimension": dimension, "a": a.ravel().tolist(), "b": b.ravel().tolist(),
                      "exact": float(exact), "sliced": float(sliced)})
    OUT.write_text(json.dumps(cases) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
