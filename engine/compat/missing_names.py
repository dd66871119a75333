MISSING: dict[str, dict[str, str]] = {}
