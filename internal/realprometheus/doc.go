// Package realprometheus starts a real Prometheus for tests, from the package of the
// system, on a random port of the loopback interface, with its data in a temporary
// folder. It ends with the test, and with the test's process however that ends.
//
// It knows nothing of Sluice's metrics: they are what is tested with it.
package realprometheus
