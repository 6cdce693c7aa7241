"""Attachments: what may come in, where the bytes lie, and which request they belong to.

It owns `attachment` and `blob`, and the folder of bytes named by their SHA-256. It never opens a file to show it,
never converts one, and never lets bytes pass that the scanner has not seen. Bytes move outside the store's work:
`taking.take` first, then `service.attach` in the transaction.
"""
