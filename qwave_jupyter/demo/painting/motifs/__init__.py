"""What a prompt can put into a scene, by subject, and the registry of all of them."""
