"""The plain back end: exact ring arithmetic, no servers."""
