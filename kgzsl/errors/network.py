"""A request that got no answer."""

from kgzsl.errors.root import KgzslError

__all__ = ["NetworkError", "OfflineError"]


class NetworkError(KgzslError, OSError):
    """A request failed for good. Attributes: `url`, `status` (None without an answer), `attempts`, `retry_after`.

    >>> from kgzsl.errors import NetworkError
    >>> NetworkError("no answer", url="http://example.org", status=503).status
    503
    """

    def __init__(
        self,
        message: str,
        *,
        url: str,
        status: int | None = None,
        attempts: int = 1,
        retry_after: float | None = None,
    ) -> None:
        self.url = url
        self.status = status
        self.attempts = attempts
        self.retry_after = retry_after
        super().__init__(message)


class OfflineError(NetworkError):
    """The network is switched off by KGZSL_OFFLINE=1, and the answer is not in the cache.

    >>> from kgzsl.errors import NetworkError, OfflineError
    >>> issubclass(OfflineError, NetworkError)
    True
    """
