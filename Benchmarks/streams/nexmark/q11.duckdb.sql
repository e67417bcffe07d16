SELECT bidder, COUNT(*), MIN(dateTime), MAX(dateTime) + INTERVAL 10 SECOND
FROM (
  SELECT bidder, dateTime, SUM(fresh) OVER (PARTITION BY bidder ORDER BY dateTime ROWS UNBOUNDED PRECEDING) AS session
  FROM (
    SELECT bidder, dateTime, CASE WHEN dateTime - LAG(dateTime) OVER (PARTITION BY bidder ORDER BY dateTime)
      < INTERVAL 10 SECOND THEN 0 ELSE 1 END AS fresh FROM bid
  )
)
GROUP BY bidder, session
