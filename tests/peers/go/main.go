// A peer for the tests: a server that sends back what it gets, or a client that sends bytes and
// wants the same back. Each connection is told in one line on the standard output.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

var (
	connect = flag.String("connect", "", "be a client to this address")
	name    = flag.String("name", "localhost", "the server's name")
	ca      = flag.String("ca", "", "roots to verify the peer by")
	cert    = flag.String("cert", "", "own chain")
	key     = flag.String("key", "", "own key")
	groups  = flag.String("groups", "", "code points of key-exchange groups")
	alpn    = flag.String("alpn", "", "application protocols")
	min     = flag.String("min", "1.3", "the lowest version")
	max     = flag.String("max", "1.3", "the highest version")
	auth    = flag.Bool("auth", false, "require a client certificate")
	times   = flag.Int("times", 1, "how often a client connects, with a cache of sessions")
	amount  = flag.Int("bytes", 1000, "how much a client sends")
)

func main() {
	flag.Parse()
	config, err := configure()
	if err == nil && *connect != "" {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for i := 0; i < *times && err == nil; i++ {
			err = client(config)
		}
	} else if err == nil {
		err = server(config)
	}
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func configure() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: versions[*min], MaxVersion: versions[*max], ServerName: *name,
	}
	for _, text := range strings.FieldsFunc(*groups, func(r rune) bool { return r == ',' }) {
		group, err := strconv.ParseUint(text, 0, 16)
		if err != nil {
			return nil, err
		}
		config.CurvePreferences = append(config.CurvePreferences, tls.CurveID(group))
	}
	if *alpn != "" {
		config.NextProtos = strings.Split(*alpn, ",")
	}
	if *cert != "" {
		own, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{own}
	}
	if *ca != "" {
		text, err := os.ReadFile(*ca)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(text) {
			return nil, errors.New("no roots")
		}
		config.RootCAs, config.ClientCAs = roots, roots
	}
	if *auth {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

func tell(conn *tls.Conn) error {
	state := conn.ConnectionState()
	material, err := state.ExportKeyingMaterial("EXPORTER-symbolon", []byte("context"), 32)
	if err != nil {
		return err
	}
	bare, err := state.ExportKeyingMaterial("EXPORTER-symbolon", nil, 32)
	if err != nil {
		return err
	}
	empty, err := state.ExportKeyingMaterial("EXPORTER-symbolon", []byte{}, 32)
	if err != nil {
		return err
	}
	fmt.Printf("resumed=%t\n", state.DidResume)
	fmt.Printf("state version=%04x suite=%04x group=%04x retry=%t alpn=%s name=%s certificates=%d export=%x bare=%x empty=%x\n",
		state.Version, state.CipherSuite, uint16(state.CurveID), state.HelloRetryRequest,
		state.NegotiatedProtocol, state.ServerName, len(state.PeerCertificates), material,
		bare, empty)
	return nil
}

func server(config *tls.Config) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		if err := echo(tls.Server(conn, config)); err != nil {
			fmt.Println("failed:", err)
		}
	}
}

func echo(conn *tls.Conn) error {
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		return err
	}
	if err := tell(conn); err != nil {
		return err
	}
	n, err := io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
	if err != nil {
		return err
	}
	fmt.Printf("echoed %d\n", n)
	return nil
}

func client(config *tls.Config) error {
	conn, err := tls.Dial("tcp", *connect, config)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := tell(conn); err != nil {
		return err
	}
	data := make([]byte, *amount)
	for i := range data {
		data[i] = byte(i * 7 / 5)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(data)
		if err == nil {
			err = conn.CloseWrite()
		}
		sent <- err
	}()
	back, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	if err := <-sent; err != nil {
		return err
	}
	if string(back) != string(data) {
		return errors.New("what came back differs")
	}
	fmt.Printf("had back %d\n", len(back))
	return nil
}
