from postgres import postgres_url, workspace, workspace_url  # noqa: F401
