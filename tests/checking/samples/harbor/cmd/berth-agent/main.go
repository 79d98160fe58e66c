package main

import (
	"flag"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

var bids = prometheus.NewGauge(prometheus.GaugeOpts{
	Namespace: "harbor",
	Name:      "open_bids",
})

func main() {
	addr := flag.String("listen", ":8443", "address")
	flag.Parse()
	_ = http.ListenAndServe(*addr, nil)
}
