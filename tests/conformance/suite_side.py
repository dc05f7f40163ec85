"""What the suite loads from us: a mosquitto without containers, and an end for tests that wait for ever.

Robot imports this file by itself, in its own environment: it uses nothing but the standard library.
"""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any


class Timeout:
    """A limit for every test that has none; Robot shows it the whole suite before it runs."""

    def __init__(self, seconds: str) -> None:
        self._limit = f"{seconds} seconds"

    def visit_suite(self, suite: Any) -> None:
        """Go through a suite and what is in it."""
        for test in suite.tests:
            test.timeout = test.timeout or self._limit
        for inner in suite.suites:
            self.visit_suite(inner)


class Mosquitto:
    """The MQTT broker of the MQTT tests, started and stopped by their own keywords."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"

    def __init__(self, settings: str) -> None:
        self._settings = Path(settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""

    def start_mqtt_server(self, configuration: str, port: str) -> None:
        """Start with one of the suite's configurations on a port, and wait until it listens."""
        self.stop_mqtt_server()
        self._folder = tempfile.mkdtemp()
        folder = Path(self._folder)
        folder.chmod(0o755)
        shutil.copy(self._settings / "mosquitto_pwd", folder)
        (folder / "mosquitto_pwd").chmod(0o644)
        text = (self._settings / configuration).read_text()
        text = text.replace("listener 1883", f"listener {port} 127.0.0.1").replace("/mosquitto/config", str(folder))
        (folder / "mosquitto.conf").write_text(text + "\n")
        command = ["mosquitto", "-c", str(folder / "mosquitto.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(50):
            try:
                socket.create_connection(("127.0.0.1", int(port)), 0.2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"mosquitto does not listen on {port}")

    def stop_mqtt_server(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
            self._process = None
            shutil.rmtree(self._folder, ignore_errors=True)
