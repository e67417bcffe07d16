-- Runs that only fall, of at least three bids, where the next bid is above the last but one: a match begins with the run.
WITH numbered AS (SELECT auction, bidder, price, dateTime, row_number() OVER (PARTITION BY auction, bidder ORDER BY dateTime, place) AS n
  FROM (SELECT *, row_number() OVER () AS place FROM bid)),
turns AS (SELECT *, sum(CASE WHEN price < before THEN 0 ELSE 1 END) OVER (PARTITION BY auction, bidder ORDER BY n) AS run
  FROM (SELECT *, lag(price) OVER (PARTITION BY auction, bidder ORDER BY n) AS before FROM numbered)),
runs AS (SELECT auction, bidder, run, count(*) AS length, min(n) AS first, max(n) AS last FROM turns GROUP BY ALL)
SELECT r.auction, r.bidder, s.dateTime AS start_tstamp, b.dateTime AS bottom_tstamp, e.dateTime AS end_tstamp
FROM runs r
JOIN numbered s ON (s.auction, s.bidder, s.n) = (r.auction, r.bidder, r.first)
JOIN numbered b ON (b.auction, b.bidder, b.n) = (r.auction, r.bidder, r.last)
JOIN numbered p ON (p.auction, p.bidder, p.n) = (r.auction, r.bidder, r.last - 1)
JOIN numbered e ON (e.auction, e.bidder, e.n) = (r.auction, r.bidder, r.last + 1)
WHERE r.length >= 3 AND e.price > p.price
