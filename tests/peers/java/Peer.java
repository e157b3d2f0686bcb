import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.*;
import javax.net.ssl.*;

/**
 * A peer for the tests. As a server ("server STORE VERSIONS...") it prints a port for each list of
 * versions and sends back there what it gets; as a client ("client CA") it connects for each line
 * of its input ("PORT VERSIONS"), sends "hello" and prints the answer.
 */
public class Peer {
    static final char[] PASSWORD = "symbolon".toCharArray();

    public static void main(String[] args) throws Exception {
        if (args[0].equals("server")) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(Path.of(args[1]))) {
                store.load(in, PASSWORD);
            }
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(store, PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            for (String versions : Arrays.asList(args).subList(2, args.length)) {
                SSLServerSocket socket = (SSLServerSocket) context.getServerSocketFactory()
                    .createServerSocket(0, 10, InetAddress.getByName("127.0.0.1"));
                socket.setEnabledProtocols(versions.split(","));
                new Thread(() -> serve(socket)).start();
                System.out.println("port " + versions + " " + socket.getLocalPort());
            }
            System.out.println("ready");
            return;
        }
        KeyStore roots = KeyStore.getInstance("PKCS12");
        roots.load(null, null);
        try (InputStream in = Files.newInputStream(Path.of(args[1]))) {
            roots.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(roots);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        Scanner lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            String[] words = lines.nextLine().split(" ");
            try {
                connect(context, Integer.parseInt(words[0]), words[1].split(","));
            } catch (IOException error) {
                System.out.println("failed: " + error);
            }
        }
    }

    static void connect(SSLContext context, int port, String[] versions) throws IOException {
        try (Socket tcp = new Socket("127.0.0.1", port);
             SSLSocket socket = (SSLSocket) context.getSocketFactory()
                 .createSocket(tcp, "localhost", port, true)) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setProtocols(versions);
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            SSLSession session = socket.getSession();
            System.out.println("state " + session.getProtocol() + " " + session.getCipherSuite());
            socket.getOutputStream().write("hello\n".getBytes());
            socket.getInputStream().transferTo(System.out);
        }
    }

    static void serve(SSLServerSocket listener) {
        while (true) {
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                socket.getInputStream().transferTo(socket.getOutputStream());
            } catch (IOException error) {
                System.out.println("failed: " + error);
            }
        }
    }
}
