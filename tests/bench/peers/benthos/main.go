// Benthos with the components of orientation.yaml and no others: a build of one's own, as its plugin guide shows it
// (https://pkg.go.dev/github.com/benthosdev/benthos/v4/public/service).
package main

import (
	"context"
	"net/http"

	"github.com/benthosdev/benthos/v4/public/service"

	_ "github.com/benthosdev/benthos/v4/public/components/io"
	_ "github.com/benthosdev/benthos/v4/public/components/kafka"
	_ "github.com/benthosdev/benthos/v4/public/components/pure"
)

func main() {
	// Its http processor has no field for the connection pool and takes Go's default transport: that keeps 100 idle
	// connections, but 2 a host, so that of 64 calls in flight nearly each would open its own.
	transport := http.DefaultTransport.(*http.Transport)
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns
	service.RunCLI(context.Background())
}
