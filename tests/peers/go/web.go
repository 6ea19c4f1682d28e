// SPDX-License-Identifier: MIT
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var draining atomic.Bool
var open sync.WaitGroup // connections

const soReuseport = 15 // SO_REUSEPORT, which package syscall lacks

func notify(state string) {
	if path := os.Getenv("NOTIFY_SOCKET"); path != "" {
		if conn, err := net.Dial("unixgram", path); err == nil {
			fmt.Fprint(conn, state)
			conn.Close()
		}
	}
}

func share(_, _ string, raw syscall.RawConn) (err error) {
	failed := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(
			int(fd), syscall.SOL_SOCKET, soReuseport, 1)
	})
	if failed != nil {
		return failed
	}
	return err
}

func answer(w http.ResponseWriter, r *http.Request) {
	if draining.Load() {
		w.Header().Set("Connection", "close")
	}
	fmt.Fprintln(w, os.Getenv("ROLL_RELEASE"))
}

func count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		open.Add(1)
	case http.StateHijacked, http.StateClosed:
		open.Done()
	}
}

func main() {
	listen := flag.String("listen", "", "")
	flag.Parse()
	ctx := context.Background()
	config := net.ListenConfig{Control: share}
	listener, err := config.Listen(ctx, "tcp4", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := &http.Server{
		Handler:     http.HandlerFunc(answer),
		ConnState:   count,
		IdleTimeout: 5 * time.Second,
	}
	go func() {
		term, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
		defer stop()
		<-term.Done()
		notify("STOPPING=1")
		draining.Store(true)
		// Shutdown() would end idle connections at once, and with
		// them requests that are on their way.
		listener.Close()
	}()
	notify("READY=1")
	server.Serve(listener) // until the listener is closed
	open.Wait()
}
