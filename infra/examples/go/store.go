package main

import (
	"encoding/json"
	"os"
	"sync"
)

type customer struct {
	Email    string `json:"email"`
	Sequence uint64 `json:"sequence"`
}

// store is a file of customers by user id, in place of your database.
type store struct {
	mutex     sync.Mutex
	path      string
	customers map[string]customer
}

func openStore(path string) (*store, error) {
	if path == "" {
		path = "customers.json"
	}
	s := &store{path: path, customers: map[string]customer{}}
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	return s, json.Unmarshal(text, &s.customers)
}

// put keeps the customer unless something as new is known. Only when it is on the disk may the event be acknowledged.
func (s *store) put(id string, c customer) (isNew bool, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	known, isKnown := s.customers[id]
	if isKnown && known.Sequence >= c.Sequence {
		return false, nil
	}
	s.customers[id] = c
	if err := s.write(); err != nil {
		if isKnown {
			s.customers[id] = known
		} else {
			delete(s.customers, id)
		}
		return false, err
	}
	return true, nil
}

// write replaces the file whole: a crash leaves the old one or the new one.
func (s *store) write() error {
	text, err := json.MarshalIndent(s.customers, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.Create(s.path + ".new")
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return os.Rename(file.Name(), s.path)
}
