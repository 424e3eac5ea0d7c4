#!/usr/bin/python3 -I
"""Prints the latencies of flash-bench --json reports as one table:  latency.py NAME FILE [NAME FILE...]"""
import json
import sys

SERIES = (("accepted", "answer 202"), ("refused", "answer 409"), ("created", "until CREATED"))
QUANTILES = ("p50", "p90", "p99", "max")


def main():
    print(f"  {'':<18} {'':<14} {'count':>8}" + "".join(f" {name:>9}" for name in QUANTILES))
    for name, path in zip(sys.argv[1::2], sys.argv[2::2]):
        with open(path, encoding="utf-8") as file:
            latency = json.load(file)["latency_us"]
        for series, words in SERIES:
            if series in latency:
                row = latency[series]
                figures = "".join(f" {row[quantile] / 1000:9.2f}" for quantile in QUANTILES)
                print(f"  {name:<18} {words:<14} {row['count']:8,}{figures}")


if __name__ == "__main__":
    main()
