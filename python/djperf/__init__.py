"""djperf, a linter for the performance of Django projects: the binary does the work, ``python -m djperf`` starts it."""
