"""Starts the ``djperf`` binary that was installed with this package, as ``python -m djperf``."""

import os
import sys
import sysconfig


def directories():
    """Where installers put scripts, the likeliest first."""
    package = os.path.dirname(os.path.abspath(__file__))
    # Of this environment, of the interpreter that it was made from, of the user.
    yield sysconfig.get_path("scripts")
    yield sysconfig.get_path("scripts", vars={"base": sys.base_prefix})
    if sys.version_info >= (3, 10):
        user_scheme = sysconfig.get_preferred_scheme("user")
    else:
        user_scheme = "nt_user" if os.name == "nt" else "posix_user"
    yield sysconfig.get_path("scripts", scheme=user_scheme)
    # `pip install --target DIR`, and environments that others are laid over: DIR/bin beside DIR/djperf, or
    # PREFIX/bin above PREFIX/lib/pythonX.Y/site-packages/djperf.
    above = package
    for _ in range(4):
        above = os.path.dirname(above)
        yield os.path.join(above, "Scripts" if os.name == "nt" else "bin")


def binary():
    """The path of the binary; ``FileNotFoundError`` if there is none."""
    name = "djperf" + (sysconfig.get_config_var("EXE") or "")
    tried = []
    for directory in directories():
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            return path
        if directory not in tried:
            tried.append(directory)
    raise FileNotFoundError(f"{name} is in none of: {', '.join(tried)}")


def main():
    try:
        path = binary()
    except FileNotFoundError as error:
        # 3 is djperf's code for what is wrong with itself; 1 would say that there are findings.
        print(f"djperf: error: the installation is incomplete: {error}", file=sys.stderr)
        return 3
    arguments = [path, *sys.argv[1:]]
    if os.name != "nt":
        # The same process: exit codes and signals need no translation.
        os.execv(path, arguments)
    # There, `execv` would return to the shell before the binary is done.
    import subprocess

    process = subprocess.Popen(arguments)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The console tells both; the binary decides.
            continue


if __name__ == "__main__":
    sys.exit(main())
