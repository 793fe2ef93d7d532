package store_test

import (
	"testing"

	"gatepost/store"
	"gatepost/test/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, storetest.Engine{
		Place: func(*testing.T) string { return "" },
		Open:  func(*testing.T, string, int64) store.Store { return store.NewMemory() },
	})
}
