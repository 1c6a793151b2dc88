"""The configuration: models of `chains.yaml` and `providers.yaml`, their files, and checks between them."""
