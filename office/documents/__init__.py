"""Official documents, their signing, circulation and seals. Never holds a classified text."""
