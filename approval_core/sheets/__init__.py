"""What leaves the office on paper or as a file: the opinion sheet (审批单) as PDF, lists as CSV and XLSX, the archive package.

It owns no table. A sheet is built from reads, rendered from plain values alone, and never decides what a person may
see: the caller names what is hidden. What was exported is on record (`service.record_export`).
"""
