// Small comforts on every page; each page works without them.
