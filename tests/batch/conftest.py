from postgres import postgres_url, workspace, workspace_url  # noqa: F401
from receivers import receiver  # noqa: F401
