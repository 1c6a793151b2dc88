"""GraphQL over HTTP: the application, the endpoint, what a request works with, health."""
