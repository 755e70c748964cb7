"""What a test that failed would have seen a little later: the record told from the place at which it looked."""
