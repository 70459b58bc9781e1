"""The errors a user can cause: each says what is wrong, where, and what to do about it.

Anything else that is raised in this package is a defect of the package.
"""


class MosAssetsError(Exception):
    """Base of every error that a user can cause and mend; its text is the whole message."""


class SettingsError(MosAssetsError):
    """A setting has a value that cannot be used."""


class CorpusError(MosAssetsError):
    """A corpus is missing, empty, mis-mounted or unreadable."""


class LabelsError(CorpusError):
    """The labels of a corpus could be read, and none of them can be used."""


class RatingsError(CorpusError):
    """The votes do not hold what the chosen estimator needs."""


class ToolError(MosAssetsError):
    """A program or library that the platform needs is missing or lacks a part."""


class ClipError(MosAssetsError):
    """One clip cannot be used; the run goes on without it."""


class DoubtfulClipError(ClipError):
    """As ClipError, unless another try says otherwise: the machine may have been at fault."""


class MachineError(MosAssetsError):
    """The machine failed over a clip; that says nothing of the clip's bytes.

    `passing` is False where another try at once would not go better.
    """

    def __init__(self, reason: str, *, passing: bool = True) -> None:
        super().__init__(reason)
        self.passing = passing


class ClusterError(MosAssetsError):
    """The cluster that the work was given to cannot do it, or is gone."""


class FeatureError(MosAssetsError):
    """Features are missing, not finite, or not comparable."""


class NetworkError(FeatureError):
    """The folder of a network cannot be used."""


class ComparisonError(MosAssetsError):
    """Encodes cannot be held against one another."""


class TrainingError(MosAssetsError):
    """The rows cannot be trained on."""


class ReleaseError(MosAssetsError):
    """A candidate or a released head is incomplete, altered or in use."""


class StoreError(MosAssetsError):
    """The store cannot be opened, read or written."""


class NotificationError(MosAssetsError):
    """Somebody was to be told, and could not be."""


class LocationError(MosAssetsError):
    """A place that is no local folder cannot be used: its URL, its rights, its server."""


class AbsentError(LocationError):
    """There is no such object."""


class ChangedError(LocationError):
    """The object is not what it was expected to be: somebody else has put another one."""


class UnreachableError(LocationError):
    """The server does not answer, or is in trouble: that says nothing of what it holds."""
