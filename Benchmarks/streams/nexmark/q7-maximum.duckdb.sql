SELECT time_bucket(INTERVAL 10 SECOND, dateTime) AS w, w + INTERVAL 10 SECOND, MAX(price), COUNT(*) FROM bid GROUP BY w
