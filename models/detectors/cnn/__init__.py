"""A convolutional network that learns to tell normal images from known anomalies."""
