"""The section `files` of the settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from approval_core.errors import Invalid
from approval_core.files.scanning import scanner_of


class FilesSettings(BaseModel):
    """Where attachments lie, how large one may be, and who looks for viruses."""

    model_config = ConfigDict(extra="forbid")
    #: empty: `files` beside the SQLite database, else `var/files`
    folder: str = ""
    most_bytes: int = Field(default=50 * 1024 * 1024, ge=1024, le=1024 * 1024 * 1024)
    #: stand-in | clamd://HOST:PORT | clamd+unix:///PATH
    scanner: str = "stand-in"
    scanner_seconds: float = Field(default=30.0, gt=0, le=600)

    @field_validator("scanner")
    @classmethod
    def _known_scanner(cls, value: str) -> str:
        try:
            scanner_of(value)
        except Invalid as error:
            raise ValueError(error.message) from None
        return value
