"""The supervised network, trained on generated images too: a DCGAN makes them."""
