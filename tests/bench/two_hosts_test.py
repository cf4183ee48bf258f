"""bench --server between two network namespaces, which a veth pair connects as a cable connects two hosts."""

import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAMS = Path(os.environ['FAREBENCH_BIN_DIR'])
CLIENT_HOST = '10.77.0.1'
SERVER_HOST = '10.77.0.2'
PORT = 8080
SERVER = f'http://{SERVER_HOST}:{PORT}'
# Only a hang can reach it.
DEADLINE = 60
# Of the ways to get a network of one's own, root needs no user namespace, and a container may permit neither.
OWN_NETWORK = [['unshare', '--net'], ['unshare', '--user', '--map-root-user', '--net']]
# Set once the test runs in a network of its own.
INSIDE = 'FAREBENCH_TWO_HOSTS'
# Failures that a busy machine causes. They are not the network's.
OF_MACHINE = ('server-bound', 'steal', 'throttled')


def run(*command):
    subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE)


def wait_until(condition, what):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f'{what} did not happen within {DEADLINE} s')
        time.sleep(0.01)


def enter_own_network():
    """Replaces this process by one in a network namespace of its own. All namespaces end with their processes."""
    reason = 'unshare is missing'
    for command in OWN_NETWORK:
        try:
            run(*command, 'ip', 'link', 'add', 'first', 'type', 'veth', 'peer', 'name', 'second')
        except FileNotFoundError:
            break
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode().strip()
            continue
        os.environ[INSIDE] = '1'
        os.execvp(command[0], [*command, sys.executable, '-B', *sys.argv])
    print(f'skipped: no network namespace with a veth pair: {reason}')
    sys.exit(77)


class Hosts:
    """This process's namespace is the client's host. The server's host has a mock server."""

    def __init__(self, folder, latency):
        self.folder = folder
        # The shell waits until the cable is plugged in, so that the address exists.
        self.server = subprocess.Popen(
            ['unshare', '--net', 'sh', '-c', 'echo; read -r line; exec "$@"', 'sh', PROGRAMS / 'mock_server',
             '--host', SERVER_HOST, '--listen-publicly', '--port', str(PORT), '--latency', latency],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.server.stdout.readline()
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'far_end', 'netns', str(self.server.pid))
        run('ip', 'address', 'add', f'{CLIENT_HOST}/24', 'dev', 'cable')
        self.on_server_host('ip', 'address', 'add', f'{SERVER_HOST}/24', 'dev', 'far_end')
        self.on_server_host('ip', 'link', 'set', 'far_end', 'up')
        run('ip', 'link', 'set', 'cable', 'up')
        self.server.stdin.write('\n')
        self.server.stdin.flush()
        line = self.server.stdout.readline()
        assert line.startswith('listening on'), line

    def on_server_host(self, *command):
        run('nsenter', '--net', f'--target={self.server.pid}', *command)

    def close(self):
        self.server.kill()
        self.server.wait()
        self.server.stdin.close()
        self.server.stdout.close()
        subprocess.run(['ip', 'link', 'delete', 'cable'], capture_output=True, check=False)

    def start_bench(self, *flags):
        return subprocess.Popen(
            [PROGRAMS / 'bench', '--server', SERVER, '--strategies', 'coroutines', '--task', 'get',
             '--benchmark_repetitions=1', '--benchmark_format=json', '--journal', self.folder / 'journal', *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def children(process):
    path = Path(f'/proc/{process.pid}/task/{process.pid}/children')
    return path.read_text().split()


def is_connected_client(pid):
    """Returns whether a process is a client with an established TCP connection (state 01 in /proc/net/tcp)."""
    rows = [row.split() for row in Path('/proc/net/tcp').read_text().splitlines()[1:]]
    established = {f'socket:[{row[9]}]' for row in rows if row[3] == '01'}
    try:
        # Until it runs the client, a child has the sockets of the bench.
        if not os.readlink(f'/proc/{pid}/exe').endswith('/fetch_probe'):
            return False
        return any(os.readlink(f'/proc/{pid}/fd/{number}') in established for number in os.listdir(f'/proc/{pid}/fd'))
    except OSError:
        return False


class TwoHostsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def hosts(self, latency):
        hosts = Hosts(self.folder, latency)
        self.addCleanup(hosts.close)
        return hosts

    def wait_for_batch(self, bench, number):
        """Waits until the client of this number has connections, so that its batch runs."""
        seen = []

        def has_begun():
            self.assertIsNone(bench.poll(), 'the bench has ended')
            for pid in children(bench):
                if pid not in seen and is_connected_client(pid):
                    seen.append(pid)
            return len(seen) == number
        wait_until(has_begun, f'batch {number}')

    def finish(self, bench):
        output, errors = bench.communicate(timeout=DEADLINE)
        return json.loads(output), errors

    def check_lost(self, bench, cases):
        output, errors = self.finish(bench)
        self.assertEqual(bench.returncode, 1, errors)
        self.assertEqual(len(output['benchmarks']), 1, 'later rows are not measured')
        self.assertRegex(output['benchmarks'][0]['error_message'], f'server lost: {SERVER} has not responded for 5 s')
        self.assertIn(f'1 of {cases} rows were measured: the server is lost', errors)
        self.assertIn('interrupted', output['context'])

    def test_row_of_server_on_another_host(self):
        bench = self.hosts('20ms').start_bench('--items', '40', '--workers', '4')
        output, errors = self.finish(bench)
        row, = output['benchmarks']
        failure = row.get('error_message', '')
        if any(reason in failure for reason in OF_MACHINE):
            self.skipTest(failure)
        self.assertEqual((bench.returncode, failure), (0, ''), errors)
        self.assertEqual(output['context']['server'], SERVER)
        print(f"row across two hosts: {row['real_time']:.1f} ms, {row['label']}")

    def cut(self, batch, cut):
        """Cuts the network in a batch: the counted run is the first one of a case, the timed run the second."""
        hosts = self.hosts('500ms')
        bench = hosts.start_bench('--items', '24', '--workers', '2,3')
        self.addCleanup(bench.wait)
        self.addCleanup(bench.kill)
        self.wait_for_batch(bench, batch)
        cut(hosts)
        cut_at = time.monotonic()
        journal = self.folder / 'journal'
        wait_until(lambda: '"failure"' in journal.read_text(), 'the end of the row')
        print(f'from cut to end of row: {time.monotonic() - cut_at:.1f} s')
        self.check_lost(bench, 2)

    def test_cut_in_counted_run_fails_row(self):
        self.cut(1, lambda hosts: run('ip', 'link', 'set', 'cable', 'down'))

    def test_cut_in_timed_run_fails_row(self):
        self.cut(2, lambda hosts: hosts.on_server_host('ip', 'link', 'set', 'far_end', 'down'))


if __name__ == '__main__':
    if INSIDE not in os.environ:
        enter_own_network()
    unittest.main(verbosity=2)
