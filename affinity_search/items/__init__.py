"""Items of the shop: how they are read, and the documents they become."""
