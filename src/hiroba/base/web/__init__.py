"""What every page and API shares: problems on the wire, headers that keep a page to itself."""
