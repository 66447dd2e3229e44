"""What stands on paper: the facts, the layouts, and every document made of them."""
