create schema broker;
