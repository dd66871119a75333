"""`hf:ORG/NAME[@REVISION][/PATH]`: a repository of the Hugging Face Hub, or a file of one.

They are stored in the cache of the library `huggingface_hub`, in its layout (`hub.repos`).
"""

from __future__ import annotations

from hub.repos import repo_id
from hub.sources import Source


class HfSource(Source):
    """Repositories, and files of repositories."""

    cache = "hf"

    def identify(self, text: str) -> str:
        return str(repo_id.parse(text))
