"""What is wrong with a disk or a path, in a sentence."""

import errno
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_PLACE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


def unusable(error: OSError) -> str:
    """What is wrong with a disk or a path, as a sentence; anything else is raised again."""
    if error.errno in NO_ROOM:
        return f"There is no room to write ({error}); make some, and run again: what is finished is kept."
    if error.errno not in NO_PLACE or not isinstance(error.filename, (str, Path)):
        raise error
    path = Path(error.filename)
    if path.suffix == ".part":  # of a file that is being written (`lib.base.files.replacing`)
        return f"{path.parent} cannot be written to ({error.strerror}); mend its permissions, or name another folder."
    return f"{path} cannot be read or written ({error.strerror}); mend its permissions, or name another."
