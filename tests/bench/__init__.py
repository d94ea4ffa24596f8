"""What a request costs, and how long it takes: ``make bench``. Figures are ratios in one run, since machines differ."""
