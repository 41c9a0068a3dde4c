"""The TensorFlow Federated front end."""
