"""Request types: their documents, published versions, forms and conditions. Never runs a request, never asks who a person is."""
