// A peer for the tests. As a server it prints its port and sends back what it gets; as a client
// it connects for each line of its input ("PORT LOWEST HIGHEST"), sends "hello" and prints the
// answer.
import fs from 'node:fs';
import readline from 'node:readline';
import tls from 'node:tls';

const [role, ...args] = process.argv.slice(2);

if (role === 'server') {
    const [cert, key, minVersion, maxVersion] = args;
    const options = {
        cert: fs.readFileSync(cert), key: fs.readFileSync(key), minVersion, maxVersion,
    };
    const server = tls.createServer(options, (socket) => {
        console.log(`state ${socket.getProtocol()} ${socket.getCipher().standardName}`);
        socket.on('error', (error) => console.log(`failed: ${error.code}`));
        socket.pipe(socket);
    });
    server.on('tlsClientError', (error) => console.log(`failed: ${error.code}`));
    server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
} else {
    const ca = fs.readFileSync(args[0]);
    readline.createInterface({ input: process.stdin }).on('line', (line) => {
        const [port, minVersion, maxVersion] = line.split(' ');
        const options = { host: '127.0.0.1', port, servername: 'localhost', ca, minVersion, maxVersion };
        const socket = tls.connect(options, () => {
            console.log(`state ${socket.getProtocol()} ${socket.getCipher().standardName}`);
            socket.write('hello\n');
        });
        socket.on('data', (data) => process.stdout.write(data));
        socket.on('error', (error) => console.log(`failed: ${error.code}`));
    });
}
