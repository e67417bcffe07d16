SELECT auction, strftime(dateTime, '%Y-%m-%d') AS d, COUNT(*),
  COUNT(*) FILTER (WHERE price < 10000),
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000),
  COUNT(*) FILTER (WHERE price >= 1000000),
  MIN(price), MAX(price), (SUM(price) // COUNT(*))::BIGINT, SUM(price)::BIGINT
FROM bid
GROUP BY auction, d
