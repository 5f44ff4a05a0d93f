"""The ground everything stands on: names, errors, home, lake, releases, privacy, mapping, simulator."""
