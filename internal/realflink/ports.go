package realflink

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports lie below those that the kernel hands out by itself, so that nothing takes one in the seconds between the
// choice and the JVM's bind, or while a killed JobManager is away.
const firstPort, lastPort = 20000, 32000

// freePorts chooses n loopback ports on which nothing listens.
func freePorts(n int) ([]int, error) {
	var ports []int
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err != nil {
			continue
		}
		held = append(held, l)
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("find %d free ports between %d and %d", n, firstPort, lastPort)
}

const loopback = "127.0.0.1"
