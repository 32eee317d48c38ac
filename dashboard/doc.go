// Package dashboard serves what Sluice sees and does over HTTP: the page for
// people, under /api/v1 the same as JSON, and health for those who watch Sluice.
//
// It shows what a [fleet.Book] holds, and acts through a [Hand]: it decides nothing.
// Who may see and who may act is settled in access.go before anything else is
// looked at. Every answer is bounded in size and every request in time.
//
// Start reading at dashboard.go, where the routes are. The contract of the API is
// openapi.yaml, which the server hands out too. What must not live here: how jobs
// are judged (packages scaling and autoscaler), and what is remembered of them
// (package fleet).
package dashboard
